package main

import "golang.org/x/sys/windows"

// freeSpace returns how many bytes this user may still write to the disk that a folder is on.
func freeSpace(folder string) (free uint64, err error) {
	name, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0, err
	}
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return free, err
}
