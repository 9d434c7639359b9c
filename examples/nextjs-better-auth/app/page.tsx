import { redirect } from "next/navigation";
import { Tasks } from "@/components/tasks";
import { currentUser } from "@/lib/auth";

export default async function Page() {
  const user = await currentUser();
  if (!user) redirect("/sign-in");

  // Read here and handed on, so that one build runs in every environment.
  const tododUrl = process.env.TODOD_URL ?? "http://localhost:8000";
  return <Tasks tododUrl={tododUrl} user={{ id: user.id, name: user.name, email: user.email }} />;
}
