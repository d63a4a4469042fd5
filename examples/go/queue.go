package wsqueue

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Whether a server holds a queue.
type presence int

const (
	isHeld presence = iota
	isAway
	isUnknown
)

func uid(status os.FileInfo) uint32 { return status.Sys().(*syscall.Stat_t).Uid }

func isServed(directory string) presence {
	whole, err := os.Stat(directory)
	if err != nil {
		return isUnknown
	}
	fifo, err := os.OpenFile(
		filepath.Join(directory, ".server"), os.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, syscall.ENXIO) || errors.Is(err, os.ErrNotExist) {
		// A FIFO has its readers on one machine; where it cannot tell, a server sets the time of its address anew.
		address, err := os.Lstat(filepath.Join(directory, ".address"))
		if err == nil && time.Since(address.ModTime()) < 10*time.Second {
			return isUnknown
		}
		return isAway
	} else if err != nil {
		return isUnknown
	}
	defer fifo.Close()
	status, err := fifo.Stat()
	if err != nil || status.Mode()&os.ModeNamedPipe == 0 {
		return isUnknown
	}
	for _, trusted := range []uint32{0, uint32(os.Geteuid()), uid(whole)} {
		if uid(status) == trusted {
			return isHeld
		}
	}
	return isUnknown
}

// ./queue while a server holds it and it is the caller's or root's, else /var/spool/wsqueue where that exists.
func defaultDirectory() string {
	const installed = "/var/spool/wsqueue"
	if named := os.Getenv("WSQUEUE_DIR"); named != "" {
		return named
	}
	status, err := os.Stat(installed)
	if err != nil || !status.IsDir() {
		return "queue"
	}
	isOurs := func(status os.FileInfo, err error) bool {
		return err == nil && (uid(status) == 0 || uid(status) == uint32(os.Geteuid()))
	}
	if isOurs(os.Lstat("queue")) && isOurs(os.Stat("queue")) && isServed("queue") == isHeld {
		return "queue"
	}
	return installed
}
