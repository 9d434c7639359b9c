import type { Metadata, Viewport } from "next";
import "./globals.css";

export const metadata: Metadata = { title: "Tasks", description: "An example of a todo application on todod" };
export const viewport: Viewport = { colorScheme: "light dark" };

export default function Layout({ children }: { children: React.ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
