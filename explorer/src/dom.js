// Elements in one line each.

/** @param {string} tag @param {Record<string, any>} [props] @param {...any} children @returns {any} */
export function h(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(made.style, value);
    else if (name in made && name !== "list" && name !== "role") made[name] = value;
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** @param {string} title @param {string} name @param {...any} children */
export function panel(title, name, ...children) {
  return h("section", { className: `dx-panel dx-${name}`, ariaLabel: title }, h("h2", {}, title), ...children);
}

/** @param {string} label @param {(event: Event) => void} click @param {Record<string, any>} [props] */
export const button = (label, click, props = {}) => h("button", { type: "button", onclick: click, ...props }, label);

/** A choice out of a list. @param {string} label @param {[string, string][]} options @param {(value: string) => void} change
 * @param {string} [value] */
export function select(label, options, change, value) {
  const made = h("select", { onchange: () => change(made.value) }, options.map(([v, text]) => h("option", { value: v }, text)));
  if (value !== undefined) made.value = value;
  return h("label", { className: "dx-field" }, h("span", {}, label), made);
}

/** @param {string} label @param {boolean} checked @param {(on: boolean) => void} change @param {Record<string, any>} [props] */
export function check(label, checked, change, props = {}) {
  const made = h("input", { type: "checkbox", checked, onchange: () => change(made.checked), ...props });
  return h("label", { className: "dx-check", title: props.title ?? "" }, made, h("span", {}, label));
}

/** Save bytes as a file. @param {string} name @param {BlobPart} content @param {string} type */
export function save(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
