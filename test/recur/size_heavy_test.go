//go:build heavy && !figures

package recur

// rules is how many random rules each judge is asked about.
const rules = 2_000
