// Package faults breaks things around todod, as seen by its clients, and holds it to its promises: nothing acknowledged is
// lost, nothing is done twice, and what clients are told fits together.
package faults
