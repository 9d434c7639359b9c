// The choices that people have for how a task recurs, and the rules that they are.

/** A choice: its rule, and what it is called. */
export interface Choice {
  rule: string;
  name: string;
}

const codes = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];
const names = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ordinals = ["first", "second", "third", "fourth"];

/** Returns the choices for a task that is due on a day. */
export function choices(day: string): Choice[] {
  const at = new Date(`${day}T12:00:00Z`);
  const [code = "MO", name = "Monday"] = [codes[at.getUTCDay()], names[at.getUTCDay()]];
  const date = at.getUTCDate();
  const nth = Math.ceil(date / 7);
  const last = nth > 4;
  return [
    { rule: "FREQ=DAILY", name: "Every day" },
    { rule: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", name: "Every weekday" },
    { rule: `FREQ=WEEKLY;BYDAY=${code}`, name: `Every ${name}` },
    { rule: `FREQ=WEEKLY;INTERVAL=2;BYDAY=${code}`, name: `Every second ${name}` },
    { rule: "FREQ=MONTHLY", name: `Every month on day ${date}` },
    { rule: `FREQ=MONTHLY;BYDAY=${last ? -1 : nth}${code}`, name: `Every month on the ${last ? "last" : ordinals[nth - 1]} ${name}` },
    { rule: "FREQ=YEARLY", name: "Every year" },
  ];
}

const units: Record<string, string> = { DAILY: "day", WEEKLY: "week", MONTHLY: "month", YEARLY: "year" };

/** Returns a rule in a few words; its details are left out where words would be long. */
export function sayRule(rule: string): string {
  const parts = Object.fromEntries(rule.split(";").map((part) => part.split("=", 2) as [string, string]));
  const unit = units[parts["FREQ"] ?? ""] ?? "time";
  const every = Number(parts["INTERVAL"] ?? 1);
  if (rule === "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR") return "Every weekday";
  const days = (parts["BYDAY"] ?? "").split(",").filter((code) => codes.includes(code));
  const on = days.length > 0 ? ` on ${days.map((code) => names[codes.indexOf(code)]?.slice(0, 3)).join(", ")}` : "";
  return (every === 1 ? `Every ${unit}` : `Every ${every} ${unit}s`) + on;
}
