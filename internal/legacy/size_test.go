//go:build !figures

package legacy

// thousandUsers is how many users there are in TestAThousandUsers, which has its full size in make figures.
const thousandUsers = 60
