"use client";

import { useRef } from "react";
import type { Filter } from "@/lib/use-tasks";

export function FilterBar({ filter, onChange }: { filter: Filter; onChange: (changed: Filter) => void }) {
  const typing = useRef<ReturnType<typeof setTimeout>>(undefined);

  return (
    <search className="filter">
      <label>
        Search
        <input
          type="search"
          onChange={({ target }) => {
            clearTimeout(typing.current);
            typing.current = setTimeout(() => onChange({ q: target.value || undefined }), 250);
          }}
        />
      </label>
      <label>
        Show
        <select
          value={String(filter.completed ?? "")}
          onChange={({ target }) => onChange({ completed: target.value ? target.value === "true" : undefined })}
        >
          <option value="">All</option>
          <option value="false">Open</option>
          <option value="true">Completed</option>
        </select>
      </label>
      <label>
        With priority
        <select
          value={filter.priority ?? ""}
          onChange={({ target }) => onChange({ priority: (target.value || undefined) as Filter["priority"] })}
        >
          <option value="">Any</option>
          <option value="high">High</option>
          <option value="medium">Medium</option>
          <option value="low">Low</option>
        </select>
      </label>
      <label>
        Sort by
        <select value={filter.sort} onChange={({ target }) => onChange({ sort: target.value })}>
          <option value="position">Own order</option>
          <option value="-created_at">Newest</option>
          <option value="completed,due_date">Due date</option>
          <option value="completed,-priority,due_date">Priority</option>
        </select>
      </label>
    </search>
  );
}
