package main

import "testing"

// TestTheDoctorOnAFolderThatNobodyMayWrite: not even root makes files in /proc.
func TestTheDoctorOnAFolderThatNobodyMayWrite(t *testing.T) {
	t.Parallel()
	said, wrong := examined(t, isolated(t, environment{"AUDIT_LOG_FILE": "/proc/audit.log"}))
	if !wrong {
		t.Error("nothing is wrong")
	}
	wantSaid(t, said, "fail  AUDIT_LOG_FILE: .*can make: ")
}
