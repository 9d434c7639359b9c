//go:build figures

package httpapi_test

// partElsewhere is whether some of the tests run elsewhere, too, wholeElsewhere whether all do.
const partElsewhere, wholeElsewhere = true, true
