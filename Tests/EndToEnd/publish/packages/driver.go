// Calls the package as each line of standard input says, and answers by a line: see ../test_packages.py.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"wsqueue"
)

type words struct {
	Call, Event, Word string
	Encoded           bool
	Payload           json.RawMessage
	Members           wsqueue.Members
	When, Seconds     float64
	Events            []map[string]any
	Receipt           struct{ Path string }
}

func told(receipt wsqueue.Receipt, err error) (any, error) {
	return map[string]any{"id": receipt.ID, "path": receipt.Path, "is_new": receipt.IsNew}, err
}

func answer(given words) (any, error) {
	queue := wsqueue.New("")
	if given.Encoded {
		queue.Encode = func(payload any) ([]byte, error) {
			var one struct{ Raw string }
			text, _ := json.Marshal(payload)
			err := json.Unmarshal(text, &one)
			return []byte(one.Raw), err
		}
	}
	event := wsqueue.Event{Event: given.Event, Members: given.Members}
	if given.Payload != nil {
		event.Payload = given.Payload
	}
	switch given.Call {
	case "publish":
		return told(queue.Publish(event))
	case "batch":
		var events []wsqueue.Event
		for _, one := range given.Events {
			name, _ := one["event"].(string)
			payload := one["payload"]
			delete(one, "event")
			delete(one, "payload")
			events = append(events, wsqueue.Event{Event: name, Payload: payload, Members: one})
		}
		receipt, err := queue.Batch(events)
		if receipt == nil {
			return nil, err
		}
		return told(*receipt, err)
	case "at":
		return told(queue.At(time.UnixMicro(int64(given.When*1e6)), event))
	case "in":
		return told(queue.In(time.Duration(given.When*float64(time.Second)), event))
	case "hold":
		return queue.Hold(event)
	case "release":
		return told(queue.Release(given.Word))
	case "abort":
		return nil, queue.Abort(given.Word)
	case "cancel":
		return nil, queue.Cancel(given.Word)
	}
	delivery, err := queue.Wait(
		wsqueue.Receipt{Path: given.Receipt.Path}, time.Duration(given.Seconds*float64(time.Second)))
	return map[string]any{"state": delivery.State, "reason": delivery.Reason}, err
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var given words
		if err := json.Unmarshal(lines.Bytes(), &given); err != nil {
			panic(err)
		}
		is, err := answer(given)
		said := map[string]any{"is": is}
		if err != nil {
			kind := ""
			var refused *wsqueue.Refused
			var failure *wsqueue.Error
			switch {
			case errors.As(err, &refused):
				kind = "Refused"
			case errors.As(err, &failure):
				kind = "PublishError"
			case errors.Is(err, wsqueue.ErrNotHeld):
				kind = "NotHeld"
			}
			said = map[string]any{"error": kind, "says": err.Error()}
		}
		text, _ := json.Marshal(said)
		fmt.Println(string(text))
	}
}
