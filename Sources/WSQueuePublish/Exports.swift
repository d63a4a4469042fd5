@_exported public import struct WSQueueCore.Event
// Importing this library brings the types of Core that it shows, wherever they are declared.
@_exported public import enum WSQueueCore.EventRefusal
