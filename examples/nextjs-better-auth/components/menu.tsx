"use client";

import { type ReactNode, type Ref, useId } from "react";

/** A button that opens what else can be done with something. Choosing one of the buttons in it closes it. */
export function Menu({ of, button, children }: { of: string; button?: Ref<HTMLButtonElement>; children: ReactNode }) {
  const id = useId();
  return (
    <>
      <button ref={button} className="more" popoverTarget={id} aria-label={`More for ${of}`}>
        ⋯
      </button>
      <div id={id} popover="auto" className="menu" onClick={({ currentTarget }) => currentTarget.hidePopover()}>
        {children}
      </div>
    </>
  );
}
