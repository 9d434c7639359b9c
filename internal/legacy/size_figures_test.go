//go:build figures

package legacy

// thousandUsers is how many users there are in TestAThousandUsers.
const thousandUsers = 1000
