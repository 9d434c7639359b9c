// Package client has the TypeScript client (clients/typescript) used as people use it: against a todod that is killed, over
// connections that are cut. What is told here runs with make test only.
package client
