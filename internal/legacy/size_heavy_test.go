//go:build heavy

package legacy

// thousandUsers is how many users there are in TestAThousandUsers.
const thousandUsers = 1000
