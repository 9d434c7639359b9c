// Package recur holds internal/recur to what others make of the same rules and zones: python3-dateutil, libical, and the
// zoneinfo of Python.
package recur
