import Foundation
import Testing
import WSQueueCore

struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `the vectors of RFC 4648 go both ways`(plain: String, text: String) {
        #expect(Base64.standard.encode(plain.utf8) == Array(text.utf8))
        #expect(Base64.standard.decode(text.utf8) == Array(plain.utf8))
        let unpadded = Array(text.utf8.filter { $0 != UInt8(ascii: "=") })
        #expect(Base64.url.encode(plain.utf8) == unpadded)
        #expect(Base64.url.decode(unpadded) == Array(plain.utf8))
    }

    @Test func `all bytes at all lengths are written as Foundation writes them, and come back`() {
        for length in 0...300 {
            let plain = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ length) }
            let text = Base64.standard.encode(plain)
            #expect(String(decoding: text, as: UTF8.self) == Data(plain).base64EncodedString())
            #expect(Base64.standard.decode(text) == plain)
            #expect(Base64.url.decode(Base64.url.encode(plain)) == plain)
        }
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "=", "====", "Zm9v====", "Zh==", "Zm9=", "Zm9vYg==Zg==", "Zm 9v", "Zm9v\n", "Z-_v",
        "Zg=g", "Z===", "Zm8=\0", "Zm9\u{E9}",
    ])
    func `what the standard alphabet would not have written is refused`(text: String) {
        #expect(Base64.standard.decode(text.utf8) == nil)
    }

    @Test(arguments: ["Z", "Zg==", "Zh", "Zm9", "Zm9vY", "Z+/v", "Zm8="])
    func `what the alphabet for URLs would not have written is refused`(text: String) {
        #expect(Base64.url.decode(text.utf8) == nil)
    }

    @Test func `the alphabets differ in their last two digits`() {
        #expect(Base64.standard.encode([0xFB, 0xFF]) == Array("+/8=".utf8))
        #expect(Base64.url.encode([0xFB, 0xFF]) == Array("-_8".utf8))
    }
}
