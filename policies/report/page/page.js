// The page is whole without this: filtering, grouping, sorting and short first views are what it adds.
(function () {
  "use strict";
  var all = function (selector, inside) { return Array.prototype.slice.call((inside || document).querySelectorAll(selector)); };
  var zh = document.documentElement.lang.indexOf("zh") === 0;
  var say = function (chinese, english) { return zh ? chinese : english; };
  var first = window.matchMedia("(max-width:640px)").matches ? 8 : 20;
  var rowsOf = function (table) { return all("tbody tr:not(.group)", table); };

  // a table shows its first rows; a button shows the rest
  function cut(table) {
    var rows = rowsOf(table).filter(function (row) { return !row.hidden; });
    rowsOf(table).forEach(function (row) { row.classList.remove("over"); });
    rows.slice(first).forEach(function (row) { row.classList.add("over"); });
    var button = table.parentNode.nextElementSibling;
    if (!button || !button.classList.contains("more")) {
      button = document.createElement("button");
      button.className = "more";
      button.type = "button";
      button.addEventListener("click", function () { table.classList.toggle("cut"); label(); });
      table.parentNode.insertAdjacentElement("afterend", button);
    }
    function label() {
      button.textContent = table.classList.contains("cut")
        ? say("显示全部 " + rows.length + " 行", "Show all " + rows.length + " rows") : say("收起", "Show fewer");
    }
    button.hidden = rows.length <= first + 2;
    if (button.hidden) { table.classList.remove("cut"); } else if (!table.dataset.open) { table.classList.add("cut"); }
    label();
    heads(table);
  }

  // a group's heading is shown only while one of its rows is
  function heads(table) {
    all("tr.group", table).forEach(function (head) {
      var row = head.nextElementSibling, any = false;
      while (row && !row.classList.contains("group")) {
        any = any || (!row.hidden && !(row.classList.contains("over") && table.classList.contains("cut")));
        row = row.nextElementSibling;
      }
      head.hidden = !any;
    });
  }

  var tables = all("table.rows");
  tables.forEach(function (table) {
    cut(table);
    table.parentNode.parentNode.addEventListener("click", function (event) {
      if (event.target.classList.contains("more")) { heads(table); }
    });
    all("thead th", table).forEach(function (head, index) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () { sort(table, head, index); });
    });
  });

  function sort(table, head, index) {
    var down = head.getAttribute("aria-sort") === "ascending";
    all("th", table).forEach(function (other) { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    var text = function (row) { return row.cells[index] ? row.cells[index].textContent.trim() : ""; };
    var rows = rowsOf(table);
    var order = new Intl.Collator(zh ? "zh" : "en", { numeric: true });
    rows.sort(function (a, b) { return (down ? -1 : 1) * order.compare(text(a), text(b)); });
    all("tr.group", table).forEach(function (row) { row.remove(); });
    rows.forEach(function (row) { table.tBodies[0].appendChild(row); });
    cut(table);
  }

  // systems by domain or by responsible unit
  all(".pick").forEach(function (pick) {
    var table = document.getElementById(pick.dataset.of);
    pick.hidden = false;
    pick.addEventListener("click", function (event) {
      var key = event.target.dataset && event.target.dataset.key;
      if (!key) { return; }
      all("button", pick).forEach(function (button) { button.setAttribute("aria-pressed", String(button === event.target)); });
      var groups = new Map();
      rowsOf(table).forEach(function (row) {
        var name = row.dataset[key];
        if (!groups.has(name)) { groups.set(name, []); }
        groups.get(name).push(row);
      });
      all("tr.group", table).forEach(function (row) { row.remove(); });
      Array.from(groups.keys()).sort(function (a, b) {
        return groups.get(b).length - groups.get(a).length || a.localeCompare(b, zh ? "zh" : "en");
      }).forEach(function (name) {
        var head = document.createElement("tr"), cell = document.createElement("td"), small = document.createElement("small");
        head.className = "group";
        cell.colSpan = 20;
        cell.textContent = name;
        small.textContent = groups.get(name).length;
        cell.appendChild(small);
        head.appendChild(cell);
        table.tBodies[0].appendChild(head);
        groups.get(name).forEach(function (row) { table.tBodies[0].appendChild(row); });
      });
      cut(table);
    });
  });

  // one box filters every table, and a table may have a box and lists of its own; all that is asked is wanted
  var input = document.getElementById("find"), told = document.getElementById("told"), waiting, sifts = new Map();
  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  }
  if (input) {
    input.parentNode.hidden = false;
    input.addEventListener("input", soon);
  }
  all(".sift").forEach(function (box) {
    box.hidden = false;
    box.addEventListener("input", soon);
    box.addEventListener("change", filter);
    box.addEventListener("submit", function (event) { event.preventDefault(); });
    sifts.set(document.getElementById(box.dataset.of), box);
  });
  function wordsOf(field) { return field ? field.value.toLowerCase().split(/\s+/).filter(Boolean) : []; }
  function filter() {
    var words = wordsOf(input), seen = 0, total = 0;
    tables.concat(all(".founds")).forEach(function (place) {
      var parts = place.tagName === "TABLE" ? rowsOf(place) : all(".found", place);
      var box = sifts.get(place), own = box ? wordsOf(box.querySelector("input")) : [], here = 0;
      var lists = (box ? all("select", box) : []).filter(function (list) { return list.value; });
      parts.forEach(function (part) {
        if (part.wordsOf === undefined) { part.wordsOf = part.textContent.toLowerCase() + " " + (part.title || "").toLowerCase(); }
        part.hidden = !words.concat(own).every(function (word) { return part.wordsOf.indexOf(word) >= 0; })
          || !lists.every(function (list) { return part.dataset[list.name] === list.value; });
        total += 1;
        here += part.hidden ? 0 : 1;
      });
      seen += here;
      if (box) {
        box.querySelector("output").textContent = own.length || lists.length
          ? say(here + " / " + parts.length + " 行", here + " of " + parts.length + " rows") : "";
      }
      if (place.tagName === "TABLE") { cut(place); }
    });
    if (told) { told.textContent = words.length ? say(seen + " / " + total + " 行", seen + " of " + total + " rows") : ""; }
  }

  // where the reader is
  if ("IntersectionObserver" in window) {
    var links = new Map(all(".toc a").map(function (link) { return [link.hash.slice(1), link]; }));
    var watch = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (!entry.isIntersecting || !links.has(entry.target.id)) { return; }
        links.forEach(function (link) { link.classList.remove("here"); });
        links.get(entry.target.id).classList.add("here");
      });
    }, { rootMargin: "-15% 0px -75% 0px" });
    all("section").forEach(function (section) { watch.observe(section); });
  }
})();
