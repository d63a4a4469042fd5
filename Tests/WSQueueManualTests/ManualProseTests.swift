import Testing
import WSQueueArguments

@testable import WSQueueManual

struct ManualProseTests {
    @Test(
        arguments: [
            ("A line\nand on.", ".PP\nA line and on.\n"), ("# Title\n\nText.", ".PP\nText.\n"),
            ("## One of them", ".SH ONE OF THEM\n"), ("### Within `it`", ".SS Within \\fBit\\fR\n"),
            ("Use `--dir x`, **not** *this*.", ".PP\nUse \\fB\\-\\-dir x\\fR, \\fBnot\\fR \\fIthis\\fR.\n"),
            ("**Bold `code` on**", ".PP\n\\fBBold \\fBcode\\fB on\\fR\n"), ("``a`b``", ".PP\n\\fBa\\(gab\\fR\n"),
            (".failed is it's own", ".PP\n\\&.failed is it\\(aqs own\n"),
            ("```sh\n.a 'b'\n# c\n```\nd", ".PP\n.nf\n\\&.a \\(aqb\\(aq\n# c\n.fi\n.PP\nd\n"),
            ("- one\n  of `x`\n- two", ".IP \\(bu 2\none of \\fBx\\fR\n.IP \\(bu 2\ntwo\n"),
            ("2. two\n\nend", ".IP 2. 4\ntwo\n.PP\nend\n"), ("a - b 3. c", ".PP\na \\- b 3. c\n"),
            ("| a | b |\n| --- | --- |\n| `x\\|y` | says |\n| z | |\n", ".TP\n\\fBx|y\\fR\nsays\n.TP\nz\n\n"),
            ("| a | b | c |\n| --- | --- | --- |\n| x | y | z |", ".TP\nx  y\nz\n"),
            ("| a | b | c | d |\n| --- | --- | --- | --- |\n| x | | z | `u` |", ".TP\nx\nc: z; d: \\fBu\\fR\n"),
            ("| | on | off |\n| --- | --- | --- |\n| x | y | z |", ".TP\nx\non: y; off: z\n"),
            (
                "see [Other](Other.md) and [a file](../../examples/x.sh)",
                ".PP\nsee Other (\\fBother\\fR(7)) and a file (examples/x.sh)\n"
            ),
            ("[`examples/`](../examples) [t](https://a.b/) [not", ".PP\n\\fBexamples/\\fR t [not\n"),
            ("<!-- names -->\n<picture>\n  <img>\n</picture>\nText", ".PP\nText\n"),
        ] as [(String, String)])
    func `a block of Markdown is roff`(text: String, expected: String) {
        #expect(ManualProse.roff(text, references: ["Other.md": "other(7)"]) == expected)
    }

    @Test func `long code may end a line behind a comma`() {
        let code = (1...20).map { "item\($0)" }.joined(separator: ",")
        #expect(ManualProse.roff("`\(code)`", references: [:]).contains("item1,\\:item2"))
    }

    @Test func `a section ends with the next of its order`() {
        let text = "intro\n## A\none\n### B\ntwo\n## C\nthree"
        #expect(ManualProse.section("A", of: text) == "one\n### B\ntwo")
        #expect(ManualProse.section("C", of: text) == "three" && ManualProse.section("D", of: text) == nil)
    }

    @Test(arguments: Manual.Page.allCases)
    func `a page has a title, its text and the others`(page: Manual.Page) {
        let option = Option("clients", value: .required("N"), environment: "WSQUEUE_CLIENTS", text: "How many.")
        let table = OptionTable("wsqueue-server", forms: ["[OPTION]..."], summary: "Serves.", options: [option])
        let text = Manual.text(page, program: table, settings: [option])
        #expect(text.hasPrefix(".TH ") && text.contains(".SH SEE ALSO\n\\fBwsqueue\\-publish\\fR(1)"))
        // A section that is named and not there would leave it short.
        #expect(text.utf8.count > 1_500)
        #expect(
            page != .configuration || text.contains("\\fBclients\\fR = \\fIN\\fR\nHow many. Variable: WSQUEUE_CLIENTS.")
        )
    }

    @Test(
        arguments: [
            ("7", .format), ("8", .server), ("5", .configuration), ("wsqueue.conf", .configuration),
            ("wsqueue", .format), ("9", nil),
        ] as [(String, Manual.Page?)])
    func `a page is found by its name, or by its section`(text: String, page: Manual.Page?) {
        #expect((try? Manual.Page.parse(text)) == page)
    }
}
