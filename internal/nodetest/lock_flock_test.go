//go:build linux || darwin

package nodetest

import (
	"testing"
	"time"
)

func TestOneInstallsWhileTheOthersWait(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	unlock, err := lock(folder)
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan error)
	go func() {
		unlock, err := lock(folder)
		if err == nil {
			unlock()
		}
		second <- err
	}()
	select {
	case err := <-second:
		t.Errorf("two have the lock: %v", err)
	case <-time.After(50 * time.Millisecond):
		unlock()
		if err := <-second; err != nil {
			t.Error(err)
		}
	}
}
