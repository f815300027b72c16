// A finding selects its samples on the map; all that is folded is printed.
document.documentElement.dataset.living = "";
for (const link of document.querySelectorAll("a[data-rows]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("map").scrollIntoView();
    window.__explorer?.commands.select(link.dataset.rows.split(" ").map(Number));
  });
}
const unfold = (id) => { const found = id && document.getElementById(id); if (found?.tagName === "DETAILS") found.open = true; };
window.addEventListener("hashchange", () => unfold(window.location.hash.slice(1)));
window.addEventListener("beforeprint", () => { for (const each of document.querySelectorAll("details")) each.open = true; });
unfold(window.location.hash.slice(1));
