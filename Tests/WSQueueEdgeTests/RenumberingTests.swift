import Testing

/// Numbers that begin anew, as they do where Redis has lost events.
struct RenumberingTests {
    @Test func `clients of the numbers before get nothing under the new ones`() throws {
        let server = try EdgeServer()
        let clients = [try server.client(), try server.client("/?channels=a", protocol: "wsqueue.v1")]
        #expect(try clients[1].text().contains("welcome"))
        try server.publish()
        for client in clients { #expect(try client.text().contains(#""seq":1}"#)) }
        server.beginNumbering()
        try server.publish()
        // The loop has looked.
        #expect(try server.get("/live").contains("200"))
        server.edge.loops[0].mailbox.post(.renumber(epoch: "e2"))
        for client in clients { #expect(try client.frame().0 == 8) }
        // The history has another name than the loop's numbers: who comes now comes again.
        for target in ["/events", "/state"] { #expect(try server.get(target).contains("503")) }
        server.edge.loops[0].mailbox.post(.renumber(epoch: "e1"))
        let next = try server.client()
        try server.publish()
        #expect(try next.text().contains(#""seq":3}"#))
    }
}
