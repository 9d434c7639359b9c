package redistest

import (
	"os/exec"
	"syscall"
)

// endWithParent makes cmd end with the thread that starts it, so that a killed test binary leaves no server behind.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
