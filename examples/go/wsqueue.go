// Publishes events from Go: write under a name that begins with a dot, then rename. Only the standard library is used.
package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

var mutex sync.Mutex
var last int64

// Publish queues {"event": …, "payload": …}, with further members if need be, for wsqueue-server, and gives its id.
func Publish(directory string, event map[string]any) (name string, err error) {
	mutex.Lock()
	defer mutex.Unlock()
	last++ // Always later than the last one: a clock set back must not turn this process's order round.
	if now := time.Now().UnixNano(); now > last {
		last = now
	}
	random := make([]byte, 4)
	rand.Read(random)
	name = fmt.Sprintf("%019d-%d-1-%x", last, os.Getpid(), random)
	hidden := directory + "/." + name + ".tmp"
	defer os.Remove(hidden) // After the rename there is nothing to remove.
	text, err := json.Marshal(event)
	if err == nil {
		err = os.WriteFile(hidden, text, 0o600)
	}
	if err == nil {
		err = os.Chmod(hidden, 0o644) // Whatever the umask is, the server must be able to read it.
	}
	if err == nil {
		err = os.Rename(hidden, directory+"/"+name+".json")
	}
	return name, err
}
