@_exported public import struct WSQueueCore.Event
// Whoever imports this library gets the types of Core that it shows, and need not know where they are declared.
@_exported public import enum WSQueueCore.EventRefusal
