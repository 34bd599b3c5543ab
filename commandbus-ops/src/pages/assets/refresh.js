// Keeps a page fresh: fetches it anew and takes over what its <main> says, as often as data-refresh tells.
"use strict";

(() => {
  const main = document.querySelector("main");
  let timer = 0;

  /** Whether somebody is filling in a form: nothing is taken out of their hands. */
  const isBusy = () =>
    document.hidden ||
    main.contains(document.activeElement?.closest("input, select, textarea")) && document.activeElement.type !== "submit" ||
    [...main.querySelectorAll("input[type=checkbox], input[type=radio]")].some((box) => box.checked !== box.defaultChecked) ||
    [...main.querySelectorAll("form input:not([type=hidden]):not([type=checkbox]):not([type=radio]), form textarea")].some(
      (field) => field.value !== field.defaultValue,
    ) ||
    [...main.querySelectorAll("option")].some((option) => option.selected !== option.defaultSelected && option.value) ||
    !document.getSelection().isCollapsed;

  /** The way to an element through the children, so that the same place is found in the new page. */
  const pathTo = (element) => {
    const path = [];
    for (let at = element; at && at !== main; at = at.parentElement) {
      path.unshift([...at.parentElement.children].indexOf(at));
    }
    return path;
  };
  const at = (path) => path.reduce((element, index) => element?.children[index], main);

  const takeOver = (fresh) => {
    const focused = main.contains(document.activeElement) && document.activeElement !== main ? document.activeElement : null;
    const focus = focused && { path: pathTo(focused), id: focused.id, tag: focused.tagName };
    const unfolded = [...main.querySelectorAll("details[open]")].map(pathTo);
    main.replaceChildren(...fresh.childNodes);
    if (fresh.hasAttribute("data-refresh")) {
      main.setAttribute("data-refresh", fresh.getAttribute("data-refresh"));
    } else {
      main.removeAttribute("data-refresh");
    }
    for (const path of unfolded) {
      const details = at(path);
      if (details?.tagName === "DETAILS") details.open = true;
    }
    if (focus) {
      const found = (focus.id && document.getElementById(focus.id)) || at(focus.path);
      if (found?.tagName === focus.tag) found.focus({ preventScroll: true });
    }
  };

  const refresh = async () => {
    if (!isBusy()) {
      try {
        const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin" });
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
        if (answer.ok && fresh && !isBusy()) {
          main.classList.remove("stale");
          document.title = fresh.ownerDocument.title;
          takeOver(fresh);
        } else if (!answer.ok) {
          main.classList.add("stale");
        }
      } catch {
        // The server is away; the next time may be better.
        main.classList.add("stale");
      }
    }
    schedule();
  };

  const schedule = () => {
    clearTimeout(timer);
    const seconds = Number(main.getAttribute("data-refresh"));
    if (seconds > 0) timer = setTimeout(refresh, seconds * 1000);
  };

  if (main) {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && main.hasAttribute("data-refresh")) refresh();
    });
    schedule();
  }
})();
