package pgtest

// ForgetPackages makes this process look for PostgreSQL's binaries on the PATH only.
func ForgetPackages() { binaryPatterns = nil }

// NewestFirst returns the order in which folders are tried.
func NewestFirst(folders ...string) []string { return newestFirst(folders) }
