internal import WSQueueArguments
internal import WSQueueLibc
internal import WSQueuePublishTool

Console.reportTraps { _ in
    Console.endTrapped(
        saying: """
            wsqueue-publish: stopped by a fault of its own or for want of memory, and the event may be queued or not; look \
            into the queue directory before you publish it again, and report this

            """, status: ExitStatus.bug.rawValue)
}
Console.takeNumbersOfClosedStreams()
exit(Command.run())
