// Package app has the web app (web) used as people use it: in Chromium, against todod as it is built. What is told here runs
// with make test only.
package app
