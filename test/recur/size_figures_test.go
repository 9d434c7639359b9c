//go:build heavy && figures

package recur

// rules is how many random rules each judge is asked about, for the figures that are published.
const rules = 20_000
