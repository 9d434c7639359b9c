// The things of todod by their names, from the types that are generated of its description (`npm run api`).

import type { components, paths } from "./api.ts";

type Schemas = components["schemas"];

export type Task = Schemas["Task"];
export type NewTask = Schemas["NewTask"];
export type TaskPatch = Schemas["TaskPatch"];
export type TaskMove = Schemas["TaskMove"];
export type List = Schemas["List"];
export type NewList = Schemas["NewList"];
export type ListPatch = Schemas["ListPatch"];
export type ListMove = Schemas["ListMove"];
export type Label = Schemas["Label"];
export type NewLabel = Schemas["NewLabel"];
export type LabelPatch = Schemas["LabelPatch"];
export type Change = Schemas["Change"];
export type SyncPage = Schemas["SyncPage"];
export type Completion = paths["/api/v1/completions"]["get"]["responses"][200]["content"]["application/json"][number];
export type PastChange = paths["/api/v1/tasks/{id}/history"]["get"]["responses"][200]["content"]["application/json"][number];
export type Trashed = paths["/api/v1/trash"]["get"]["responses"][200]["content"]["application/json"][number];
export type TaskQuery = NonNullable<paths["/api/v1/tasks"]["get"]["parameters"]["query"]>;
export type CompletionQuery = NonNullable<paths["/api/v1/completions"]["get"]["parameters"]["query"]>;
export type MergeConflict = Schemas["MergeConflict"];

/** The kinds of things there are. All of them take their ids from one sequence. */
export type Kind = "task" | "list" | "label";

/** What a thing of a kind is. */
export interface Things {
  task: Task;
  list: List;
  label: Label;
}

/** What a new thing of a kind is made of. */
export interface Drafts {
  task: NewTask;
  list: NewList;
  label: NewLabel;
}

/** What can be changed of a thing of a kind. */
export interface Patches {
  task: TaskPatch;
  list: ListPatch;
  label: LabelPatch;
}

/** A problem as todod tells it, of whatever route: a 412 has the `current` thing, a 409 of a merge the `conflicts` by field. */
export type Problem = Schemas["Problem"] & {
  current?: Task | List | Label;
  conflicts?: Record<string, MergeConflict>;
};

/** The word for programs in a problem. */
export type ErrorCode = Problem["error_code"];
