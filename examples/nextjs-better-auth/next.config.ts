import type { NextConfig } from "next";

// Next.js reports how it is used unless told not to.
process.env.NEXT_TELEMETRY_DISABLED = "1";

const config: NextConfig = { poweredByHeader: false };

export default config;
