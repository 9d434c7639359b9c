// Days and times as people read them. A day is "2026-12-25", where the person is.

/** Returns two digits. */
const two = (n: number) => String(n).padStart(2, "0");

/** Returns the day of an instant, where the person is. */
export function dayAt(instant: Date): string {
  return `${instant.getFullYear()}-${two(instant.getMonth() + 1)}-${two(instant.getDate())}`;
}

/** Returns the day of a date of todod's: itself if it is a day, else the one on which the instant is here. */
export function dayOf(date: string, allDay: boolean): string {
  return allDay ? date.slice(0, 10) : dayAt(new Date(date));
}

/** Returns the time of an instant as inputs want it: "09:30". */
export function timeOf(date: string): string {
  const at = new Date(date);
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Returns the instant of a day and a time here, as todod takes it. */
export function instantOf(day: string, time: string): string {
  return new Date(`${day}T${time}:00`).toISOString();
}

/** Returns the day so many days later. */
export function addDays(day: string, days: number): string {
  const [y = 0, m = 1, d = 1] = day.split("-").map(Number);
  return dayAt(new Date(y, m - 1, d + days, 12));
}

/** Returns the number of days from one day to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}

/** Returns noon of a day, to be formatted. */
function noon(day: string): Date {
  return new Date(`${day}T12:00:00`);
}

/** Returns a formatter, made once. */
function format(options: Intl.DateTimeFormatOptions): (at: Date) => string {
  let made: Intl.DateTimeFormat | undefined;
  return (at) => (made ??= new Intl.DateTimeFormat(undefined, options)).format(at);
}

const weekday = format({ weekday: "long" });
const dayMonth = format({ day: "numeric", month: "short" });
const dayMonthYear = format({ day: "numeric", month: "short", year: "numeric" });
const long = format({ weekday: "long", day: "numeric", month: "long" });
const clock = format({ hour: "numeric", minute: "2-digit" });
const stamp = format({ day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });

/** Returns a day as people say it: today, tomorrow, a weekday when it is near, else a date. */
export function sayDay(day: string, today: string): string {
  const ahead = daysBetween(today, day);
  if (ahead === 0) return "Today";
  if (ahead === 1) return "Tomorrow";
  if (ahead === -1) return "Yesterday";
  if (ahead > 1 && ahead < 7) return weekday(noon(day));
  return (day.slice(0, 4) === today.slice(0, 4) ? dayMonth : dayMonthYear)(noon(day));
}

/** Returns a day with its weekday and month: "Friday, December 25". */
export const sayLong = (day: string) => long(noon(day));

/** Returns a date of todod's as people say it, with its time if it has one. */
export function sayDate(date: string, allDay: boolean, today: string): string {
  const day = sayDay(dayOf(date, allDay), today);
  return allDay ? day : `${day}, ${sayTime(date)}`;
}

/** Returns the time of an instant: "9:30 AM". */
export const sayTime = (date: string) => clock(new Date(date));

/** Returns an instant with day and time, for histories. */
export const sayInstant = (date: string) => stamp(new Date(date));
