// What the page around the boards needs of a script: whose window it is, where the focus goes.
// Streamlit runs it inside of st.html, whose cleaner takes a "less than" before a letter for a tag.

(() => {
  const popover = '[data-testid="stPopoverBody"]';
  const controls = 'input, button, select, textarea, a[href], [tabindex="0"]';

  /** Whether the page stands in a page of somebody else, whose address nobody may read. */
  const isForeignFrame = () => {
    try {
      return window.top !== window && !window.top.location.origin;
    } catch {
      return true;
    }
  };

  /** This page's address with `frame` set or taken out. */
  const address = (framed) => {
    const url = new URL(window.location.href);
    if (framed) url.searchParams.set("frame", "1");
    else url.searchParams.delete("frame");
    return url.href;
  };

  const isFree = (node) =>
    !node.disabled && node.offsetParent !== null && !node.closest('[aria-hidden="true"]');

  /**
   * Move the focus to the first control of a popover that opens. Its controls come one by one, so
   * that the focus follows for a while, until a person moves it.
   */
  const enter = (body) => {
    const until = performance.now() + 3000;
    let place = document.activeElement;
    const step = () => {
      if (!body.isConnected || document.activeElement !== place) return;
      const first = [...body.querySelectorAll(controls)].find(isFree);
      if (first && first !== place) {
        first.focus({ preventScroll: true });
        place = document.activeElement;
      }
      if (until > performance.now()) setTimeout(step, 50);
    };
    step();
  };

  const followPopovers = () => {
    // A finger needs no focus, which would bring the keyboard of the screen up.
    if (window.shrinkagePopovers || window.matchMedia("(pointer: coarse)").matches) return;
    window.shrinkagePopovers = new MutationObserver((changes) => {
      for (const { addedNodes } of changes) {
        for (const node of addedNodes) {
          if (node.nodeType !== Node.ELEMENT_NODE) continue;
          const body = node.matches(popover) ? node : node.querySelector(popover);
          if (body) enter(body);
        }
      }
    });
    window.shrinkagePopovers.observe(document.body, { childList: true, subtree: true });
  };

  const door = document.querySelector(".shrinkage-door");
  const guarded = document.querySelector(".shrinkage-guard");
  if (door) {
    if (isForeignFrame()) door.onclick = () => window.open(address(false), "_blank", "noopener");
    else window.location.replace(address(false));
  } else if (guarded && isForeignFrame()) {
    window.location.replace(address(true));
  } else {
    document.documentElement.dataset.shrinkage = "own";
    followPopovers();
  }
})();
