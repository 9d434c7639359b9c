package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/<id>/stat on every Linux.
const tick = 10 * time.Millisecond

// A usage is what the kernel says of a process.
type usage struct {
	id       int
	parent   int
	own      time.Duration // processor time of its threads
	children time.Duration // and of children that have ended
}

// cpuOf returns the processor time that a process and its children have taken, those that have ended too.
func cpuOf(id int) (time.Duration, error) {
	all, err := family(id)
	var sum time.Duration
	for _, u := range all {
		sum += u.own + u.children
	}
	return sum, err
}

// family returns what the kernel says of a process and of its children, by their ids.
func family(id int) (map[int]usage, error) {
	root, err := usageOf(procFile(id, "stat"))
	if err != nil {
		return nil, err
	}
	all := map[int]usage{id: root}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		u, err := usageOf(file)
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, errGone):
			continue // ended since
		case err != nil:
			return nil, err
		case u.parent == id:
			all[u.id] = u
		}
	}
	return all, nil
}

// errGone is returned for a process that ends while it is looked at.
var errGone = errors.New("the process has ended")

// usageOf reads a file /proc/<id>/stat.
func usageOf(file string) (usage, error) {
	text, err := os.ReadFile(file) //nolint:gosec // below /proc
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return usage{}, err
		}
		return usage{}, fmt.Errorf("%w: %w", errGone, err)
	}
	return parseUsage(string(text))
}

// parseUsage reads the line of /proc/<id>/stat. The name of the process, in brackets, may hold anything.
func parseUsage(line string) (usage, error) {
	fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
	if len(fields) < 15 {
		return usage{}, errGone
	}
	id, err := strconv.Atoi(line[:max(0, strings.IndexByte(line, ' '))])
	if err != nil {
		return usage{}, fmt.Errorf("stat of a process: %w", err)
	}
	numbers := make([]int, 15)
	for _, i := range []int{1, 11, 12, 13, 14} {
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			return usage{}, fmt.Errorf("stat of a process: %w", err)
		}
		numbers[i] = n
	}
	return usage{
		id:       id,
		parent:   numbers[1],
		own:      time.Duration(numbers[11]+numbers[12]) * tick,
		children: time.Duration(numbers[13]+numbers[14]) * tick,
	}, nil
}

// procFile returns the path of what the kernel says of a process under that name.
func procFile(id int, name string) string { return fmt.Sprintf("/proc/%d/%s", id, name) }

// forgetPeak has the kernel forget how much memory a process and its children once held.
func forgetPeak(id int) error {
	all, err := family(id)
	for member := range all {
		err = errors.Join(err, os.WriteFile(procFile(member, "clear_refs"), []byte("5"), 0o600))
	}
	return err
}

// peakOf returns the most memory that a process and its children have held since then, each for itself, in bytes.
func peakOf(id int) (sum uint64, err error) {
	all, err := family(id)
	for member := range all {
		size, errSize := memoryOf(member, "VmHWM")
		sum, err = sum+size, errors.Join(err, errSize)
	}
	return sum, err
}

// memoryOf returns how much memory a process holds, or with VmHWM held at most, in bytes.
func memoryOf(id int, name string) (uint64, error) {
	size := strings.TrimSuffix(lineOf(procFile(id, "status"), name), " kB")
	kilobytes, err := strconv.ParseUint(size, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the kernel does not say how much memory process %d holds: %w", id, err)
	}
	return kilobytes << 10, nil
}
