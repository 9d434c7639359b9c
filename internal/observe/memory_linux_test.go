package observe

import "testing"

// TestTheLeastMemoryLimitCounts: of the cgroup's and those around it.
func TestTheLeastMemoryLimitCounts(t *testing.T) {
	t.Parallel()
	type files map[string]string
	for name, c := range map[string]struct {
		files files
		want  int64
	}{
		"nothing known": {nil, 0},
		"a container":   {files{"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "1048576\n"}, 1 << 20},
		"no limit":      {files{"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n"}, 0},
		"a service": {files{
			"/proc/self/cgroup": "0::/system.slice/todod.service\n", "/sys/fs/cgroup/system.slice/todod.service/memory.max": "2097152\n",
			"/sys/fs/cgroup/system.slice/memory.max": "max\n",
		}, 2 << 20},
		"the slice around it": {files{
			"/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/memory.max": "2097152\n", "/sys/fs/cgroup/a/memory.max": "1048576\n",
		}, 1 << 20},
		"version 1": {files{"/proc/self/cgroup": "9:memory:/x\n", "/sys/fs/cgroup/memory/memory.limit_in_bytes": "7\n"}, 0},
	} {
		if got := cgroupLimit(func(file string) string { return c.files[file] }); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	meminfo := func(string) string { return "MemFree: 1 kB\nMemTotal:       24683900 kB\n" }
	if got := machineMemory(meminfo); got != 24683900<<10 {
		t.Errorf("the machine has %d", got)
	}
	if got := memoryLimit(); got <= 0 {
		t.Errorf("this process may take %d", got)
	}
}
