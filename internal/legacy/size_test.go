//go:build !heavy

package legacy

// thousandUsers is how many users there are in TestAThousandUsers, which has its full size in make test.
const thousandUsers = 60
