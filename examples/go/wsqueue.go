// Package wsqueue publishes events to wsqueue-server by putting files into its queue directory. It needs nothing but the
// standard library.
//
//	queue := wsqueue.New("")                                        // of WSQUEUE_DIR
//	_, err := queue.Publish(wsqueue.Event{"order.created", order, wsqueue.Members{"channel": "orders"}})
//
// No connection is made: publishing works with the server down, and the events wait. A Publisher holds nothing open and is
// safe for use by any number of goroutines. Where a call gives an error nothing is published: a *Refused for what the
// server would refuse, an *Error for a directory that cannot be written, ErrNotHeld for a word that holds nothing.
package wsqueue

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	limit      = 1 << 20 // bytes of an event that the server takes
	batchLimit = 64 << 20
	farthest   = 366 * 24 * time.Hour // that an event may wait for its time
)

// Members are what may stand beside an event's name and payload: "id", "channel", "channels", "recipients", "except",
// "except_users", "key", "clear", "timestamp", "queued_at", "expires_at", "traceparent".
type Members map[string]any

// An Event is what is published. Its Payload is encoded by encoding/json, or by Publisher.Encode.
type Event struct {
	Event   string
	Payload any
	Members Members
}

// A Receipt tells what was published: its id, its file, and whether this call wrote it (one of its id may have waited).
// The events of a batch have ID + "/<line>".
type Receipt struct {
	ID    string
	Path  string
	IsNew bool
}

// A Delivery is what became of an event: "sent", "refused" (with a reason), "queued", or "no server".
type Delivery struct {
	State  string
	Reason string
}

// Refused is an event that the server would refuse, or a member that it does not know.
type Refused struct{ Reason string }

func (refused *Refused) Error() string { return refused.Reason }

func refuse(format string, values ...any) error { return &Refused{fmt.Sprintf(format, values...)} }

// ErrNotHeld says that nothing is held, or waits for its time, under the word that was given.
var ErrNotHeld = errors.New("nothing is held, or waits for its time, under this word in this queue")

// An Error tells that the queue directory could not be used: errors.Is(err, syscall.ENOSPC) works.
type Error struct {
	Step      string
	Directory string
	Err       error
	Advice    string // the next step
}

func (failure *Error) Error() string {
	return fmt.Sprintf(
		"cannot %s in the queue directory %s: %v; %s", failure.Step, failure.Directory, failure.Err, failure.Advice)
}

// Unwrap gives the system's error.
func (failure *Error) Unwrap() error { return failure.Err }

func (publisher *Publisher) failure(step string, err error) error {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return &Error{step, publisher.Directory, err, "nothing was published"}
	}
	advice := "nothing was published: make room, look at the disk (df, df -i, quota, dmesg), then publish again"
	switch number {
	case syscall.ENOENT, syscall.ENOTDIR:
		advice = "create it, or name the directory that wsqueue-server reads (WSQUEUE_DIR)"
	case syscall.EACCES, syscall.EPERM:
		advice = fmt.Sprintf(
			"let user %d create files there (ls -ld, usermod -aG GROUP), or run as one who may", os.Geteuid())
	case syscall.EROFS:
		advice = "its file system is mounted read-only: mount it read-write, or move the queue"
	case syscall.ENAMETOOLONG:
		advice = "its file system takes no name so long: give the event a shorter id"
	case syscall.EFBIG:
		advice = "nothing was published: raise the limit for files (ulimit -f), then publish again"
	case syscall.EMFILE, syscall.ENFILE:
		advice = "nothing was published: publish again later"
	}
	return &Error{step, publisher.Directory, number, advice}
}

// Names of this process, each later than the one before: a clock set back must not turn their order round.
var (
	mutex       sync.Mutex
	last, count int64
)

func nextName(due *time.Time) string {
	random := make([]byte, 4)
	if _, err := rand.Read(random); err != nil {
		panic(err) // Without random numbers no name is ours alone; Linux always has some.
	}
	mutex.Lock()
	defer mutex.Unlock()
	count++
	if due != nil {
		return fmt.Sprintf("at-%019d-%d-%d-%x", due.UnixNano()+count, os.Getpid(), count, random)
	}
	last++
	if now := time.Now().UnixNano(); now > last {
		last = now
	}
	return fmt.Sprintf("%019d-%d-%d-%x", last, os.Getpid(), count, random)
}

func timeOf(name string) time.Time {
	var nanoseconds int64
	fmt.Sscanf(name[:19], "%d", &nanoseconds)
	return time.Unix(0, nanoseconds)
}

var (
	unsafe = regexp.MustCompile(`[^A-Za-z0-9._:@+=,-]`)
	ours   = regexp.MustCompile(`\A(at-)?\d{19}-\d+-\d+-[A-Za-z0-9_.:@+=,]+\z`)
	word   = regexp.MustCompile(`(?s)\A(.+)\.([a-z0-5]{16})\z`)
)

// named is the name of the event with an id of its own.
func named(id string) string {
	safe := unsafe.ReplaceAllStringFunc(id, func(one string) string {
		text := ""
		for index := 0; index < len(one); index++ {
			text += fmt.Sprintf("%%%02x", one[index])
		}
		return text
	})
	if len(safe) <= 197 {
		return "id-" + safe
	}
	return fmt.Sprintf("id%%%x", sha1.Sum([]byte(id)))
}

// idText is an id as the server takes it: of a number, its digits.
func idText(id any) string {
	if text, ok := id.(string); ok {
		return text
	}
	text, _ := json.Marshal(id)
	return string(text)
}

// encode makes JSON as it is written by hand: without \u003c for <.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// A Publisher publishes into a queue directory.
type Publisher struct {
	Directory string
	Encode    func(payload any) ([]byte, error) // makes JSON of a payload; encoding/json otherwise
	Sync      bool                              // whether an event survives a power cut, too
	Mode      os.FileMode                       // of the files, which the server must be able to read
}

// New makes a publisher into a directory; "" is that of WSQUEUE_DIR, or where wsqueue-publish would publish.
func New(directory string) *Publisher {
	if directory == "" {
		directory = defaultDirectory()
	}
	return &Publisher{Directory: directory, Mode: 0o644}
}

// Publish publishes one event into a directory and gives its id: {"event": …, "payload": …}, with further members if
// need be.
func Publish(directory string, event map[string]any) (string, error) {
	members := Members{}
	for name, value := range event {
		if name != "event" && name != "payload" {
			members[name] = value
		}
	}
	name, _ := event["event"].(string)
	receipt, err := New(directory).Publish(Event{name, event["payload"], members})
	return receipt.ID, err
}

// Publish publishes an event. One whose id is that of one that still waits is not written again.
func (publisher *Publisher) Publish(event Event) (Receipt, error) {
	return publisher.publish(event, nil)
}

// Batch publishes several events, of which clients get all or none, in this order; nil without any.
func (publisher *Publisher) Batch(events []Event) (*Receipt, error) {
	var lines bytes.Buffer
	for index, event := range events {
		text, err := publisher.text(event, nil)
		if err != nil {
			return nil, refuse("event %d of the batch: %v", index+1, err)
		}
		lines.WriteString(strings.NewReplacer("\n", " ", "\r", " ").Replace(text) + "\n")
	}
	if lines.Len() > batchLimit {
		return nil, refuse("the batch is larger than the %d bytes that the server takes: publish parts", batchLimit)
	}
	if len(events) == 0 {
		return nil, nil
	}
	stem := nextName(nil)
	_, err := publisher.store(lines.Bytes(), stem+".jsonl", nil)
	return &Receipt{stem, publisher.path(stem + ".jsonl"), err == nil}, err
}

// At publishes an event that is not sent before a time; it waits in the queue.
func (publisher *Publisher) At(due time.Time, event Event) (Receipt, error) {
	if time.Until(due) > farthest {
		return Receipt{}, refuse("an event may wait for a year at most: publish it nearer to its time")
	}
	if due.Before(time.Unix(0, 0)) {
		due = time.Unix(0, 0)
	}
	return publisher.publish(event, &due)
}

// In publishes an event that is sent so long from now.
func (publisher *Publisher) In(duration time.Duration, event Event) (Receipt, error) {
	return publisher.At(time.Now().Add(duration), event)
}

// Cancel takes back an event that waits for its time.
func (publisher *Publisher) Cancel(id string) error {
	err := publisher.remove("at-" + named(id) + ".json")
	if errors.Is(err, ErrNotHeld) && strings.HasPrefix(id, "at-") && ours.MatchString(id) {
		err = publisher.remove(id + ".json")
	}
	return err
}

// Hold writes an event that no server sees until it is released, and gives the word for that: before a commit.
func (publisher *Publisher) Hold(event Event) (string, error) {
	stem := nextName(nil)
	id := stem
	if given := event.Members["id"]; given != nil {
		id = idText(given)
		stem = named(id)
	} else {
		// It is to have the id that is told now, and its file gets another name when it is released.
		members := Members{"id": id}
		for name, value := range event.Members {
			if value != nil {
				members[name] = value
			}
		}
		event.Members = members
	}
	text, err := publisher.text(event, nil)
	if err != nil {
		return "", err
	}
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return "", publisher.failure("make a word for the event", err)
	}
	for index, one := range random {
		random[index] = "abcdefghijklmnopqrstuvwxyz012345"[one&31]
	}
	_, err = publisher.store([]byte(text+"\n"), fmt.Sprintf(".held-%s.%s.json", stem, random), nil)
	return id + "." + string(random), err
}

// Release publishes what is held under a word, by one rename: after a commit.
func (publisher *Publisher) Release(word string) (Receipt, error) {
	id, held, err := publisher.held(word)
	if err != nil {
		return Receipt{}, err
	}
	stem, name, state := nextName(nil), named(id)+".json", isOther
	err = os.Chtimes(publisher.path(held), timeOf(stem), timeOf(stem))
	if err == nil && strings.HasPrefix(held, ".held-id") {
		state, err = publisher.reveal(held, name)
	}
	if err == nil && state == isOurs {
		err = os.Remove(publisher.path(held))
	}
	if err == nil && state == isOther {
		name = stem + ".json"
		err = os.Rename(publisher.path(held), publisher.path(name))
	}
	if err != nil {
		return Receipt{}, publisher.failure("release the event", err)
	}
	return Receipt{id, publisher.path(name), state != isOurs}, publisher.syncNames()
}

// Abort removes what is held under a word: after a rollback.
func (publisher *Publisher) Abort(word string) error {
	_, held, err := publisher.held(word)
	if err != nil {
		return err
	}
	return publisher.remove(held)
}

// Wait waits until the server has sent what was published and deleted its file. A queue that no server holds for a second
// is not waited for. Who may not look into .failed and comes after a refusal is told "sent".
func (publisher *Publisher) Wait(receipt Receipt, duration time.Duration) (Delivery, error) {
	name := filepath.Base(receipt.Path)
	refused := func() Delivery {
		why, _ := os.ReadFile(publisher.path(".failed", name+".why"))
		return Delivery{"refused", strings.TrimSpace(string(why))}
	}
	file, err := os.OpenFile(publisher.path(name), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrNotExist) {
		if publisher.isThere(".failed", name) {
			return refused(), nil
		}
		return Delivery{"sent", ""}, nil
	} else if err != nil {
		return Delivery{}, publisher.failure("wait for the event, which is queued as "+name+",", err)
	}
	defer file.Close()
	start := time.Now()
	served, pause := start, 500*time.Microsecond
	for publisher.isThere(name) {
		presence := isServed(publisher.Directory)
		if presence != isAway {
			served = time.Now()
		}
		if time.Since(start) >= duration || time.Since(served) > time.Second {
			if presence == isAway {
				return Delivery{"no server", ""}, nil
			}
			return Delivery{"queued", ""}, nil
		}
		time.Sleep(pause)
		if pause *= 2; pause > 20*time.Millisecond {
			pause = 20 * time.Millisecond
		}
	}
	if status, err := file.Stat(); err == nil && status.Sys().(*syscall.Stat_t).Nlink > 0 {
		return refused(), nil
	}
	return Delivery{"sent", ""}, nil
}

func (publisher *Publisher) publish(event Event, due *time.Time) (Receipt, error) {
	text, err := publisher.text(event, due)
	if err != nil {
		return Receipt{}, err
	}
	stem := nextName(nil)
	modified, prefix := timeOf(stem), ""
	if due != nil {
		stem, modified, prefix = nextName(due), *due, "at-"
	}
	id := stem
	if given := event.Members["id"]; given != nil {
		id = idText(given)
		for _, name := range []string{named(id) + ".json", "at-" + named(id) + ".json"} {
			if publisher.owner(name) == os.Geteuid() {
				return Receipt{id, publisher.path(name), false}, nil
			}
		}
		name := prefix + named(id) + ".json"
		state, err := publisher.store([]byte(text+"\n"), name, &modified)
		if err != nil || state != isOther {
			return Receipt{id, publisher.path(name), state == isNew}, err
		}
	}
	_, err = publisher.store([]byte(text+"\n"), stem+".json", nil)
	return Receipt{id, publisher.path(stem + ".json"), err == nil}, err
}

func (publisher *Publisher) text(event Event, due *time.Time) (string, error) {
	if err := Check(event.Event, event.Members); err != nil {
		return "", err
	}
	make := publisher.Encode
	if make == nil {
		make = encode
	}
	payload, err := make(event.Payload)
	if err != nil || !json.Valid(payload) {
		return "", refuse("the payload cannot be encoded as JSON: %v", err)
	}
	now := time.Now()
	if due != nil {
		now = *due
	}
	queued := json.Number(fmt.Sprintf("%.6f", float64(now.UnixNano())/1e9))
	all := map[string]any{"timestamp": now.Unix(), "queued_at": queued}
	for name, value := range event.Members {
		if value != nil {
			all[name] = value
		}
	}
	name, _ := encode(event.Event)
	rest, err := encode(all)
	if err != nil {
		return "", refuse("a member cannot be encoded as JSON: %v", err)
	}
	text := `{"event":` + string(name) + `,"payload":` + string(payload) + "," + string(rest[1:])
	if len(text) >= limit {
		return "", refuse("the event is larger than the %d bytes that the server takes: publish a reference", limit)
	}
	if depth(text) > 512 {
		return "", refuse("more than 512 arrays and objects inside each other")
	}
	return text, nil
}

// Whose a name is.
type state int

const (
	isNew state = iota
	isOurs
	isOther
)

// store writes a hidden file and gives it its name; with a time, which it gets, the name may be taken: see reveal.
func (publisher *Publisher) store(text []byte, name string, modified *time.Time) (whose state, err error) {
	hidden := "." + nextName(nil) + ".json.tmp"
	path, step := publisher.path(hidden), "create a file"
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return isNew, publisher.failure(step, err)
	}
	step = "write the event"
	if _, err = file.Write(text); err == nil {
		err = file.Chmod(publisher.Mode) // Whatever the umask is, the server must be able to read it.
	}
	if err == nil && publisher.Sync {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil && modified != nil {
		err = os.Chtimes(path, *modified, *modified)
	}
	if err == nil {
		step = "name the event"
		if modified == nil {
			err = os.Rename(path, publisher.path(name))
		} else {
			whose, err = publisher.reveal(hidden, name)
		}
	}
	if err != nil || whose != isNew {
		os.Remove(path)
	}
	if err != nil {
		return whose, publisher.failure(step, err)
	}
	return whose, publisher.syncNames()
}

// reveal gives a file its name unless that is taken, and tells by whom.
func (publisher *Publisher) reveal(hidden, name string) (state, error) {
	whose := func() state {
		if publisher.owner(name) == os.Geteuid() {
			return isOurs
		}
		return isOther
	}
	err := os.Link(publisher.path(hidden), publisher.path(name))
	var number syscall.Errno
	switch errors.As(err, &number); {
	case err == nil:
		return isNew, os.Remove(publisher.path(hidden))
	case number == syscall.EEXIST:
		if publisher.owner(name) != -1 {
			return whose(), nil
		}
		return isNew, os.Rename(publisher.path(hidden), publisher.path(name))
	case number == syscall.EPERM || number == syscall.EOPNOTSUPP || number == syscall.ENOSYS || number == syscall.EMLINK:
		// A file system without links.
		if publisher.isThere(name) {
			return whose(), nil
		}
		return isNew, os.Rename(publisher.path(hidden), publisher.path(name))
	}
	return isNew, err
}

func (publisher *Publisher) syncNames() error {
	if !publisher.Sync {
		return nil
	}
	directory, err := os.Open(publisher.Directory)
	if err != nil {
		return nil // A drop box that only takes.
	}
	defer directory.Close()
	if err := directory.Sync(); err != nil {
		return publisher.failure("sync the event, which is queued and not to be published again,", err)
	}
	return nil
}

func (publisher *Publisher) held(given string) (id, name string, err error) {
	parts := word.FindStringSubmatch(given)
	if parts == nil {
		return "", "", ErrNotHeld
	}
	stems := []string{named(parts[1])}
	if ours.MatchString(parts[1]) {
		stems = append(stems, parts[1])
	}
	for _, stem := range stems {
		name := ".held-" + stem + "." + parts[2] + ".json"
		if publisher.isThere(name) {
			return parts[1], name, nil
		}
	}
	return "", "", ErrNotHeld
}

func (publisher *Publisher) remove(name string) error {
	err := os.Remove(publisher.path(name))
	if errors.Is(err, os.ErrNotExist) {
		return ErrNotHeld
	} else if err != nil {
		return publisher.failure("remove the event", err)
	}
	return nil
}

func (publisher *Publisher) path(names ...string) string {
	return filepath.Join(append([]string{publisher.Directory}, names...)...)
}

func (publisher *Publisher) isThere(names ...string) bool {
	_, err := os.Lstat(publisher.path(names...))
	return err == nil
}

// owner is the user of a file, -1 of none, and -2 of what is no file.
func (publisher *Publisher) owner(name string) int {
	status, err := os.Lstat(publisher.path(name))
	if err != nil {
		return -1
	} else if !status.Mode().IsRegular() {
		return -2
	}
	known := status.Sys().(*syscall.Stat_t)
	// What a publisher of ours leaves that is killed before it takes the hidden name away: it is no event.
	if known.Nlink > 1 && int(known.Uid) == os.Geteuid() {
		return -1
	}
	return int(known.Uid)
}

func depth(text string) int {
	now, most, isText := 0, 0, false
	for index := 0; index < len(text); index++ {
		switch one := text[index]; {
		case isText && one == '\\':
			index++
		case one == '"':
			isText = !isText
		case isText:
		case one == '[' || one == '{':
			if now++; now > most {
				most = now
			}
		case one == ']' || one == '}':
			now--
		}
	}
	return most
}
