/**
 * The header (RFC 1035 §4.1.1, RFC 2535 §6.1 for AD and CD):
 *
 *                                   1  1  1  1  1  1
 *     0  1  2  3  4  5  6  7  8  9  0  1  2  3  4  5
 *   +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
 *  0|                      ID                       |
 *  2|QR|   Opcode  |AA|TC|RD|RA| Z|AD|CD|   RCODE   |
 *  4|                    QDCOUNT                    |
 *  6|                    ANCOUNT                    |
 *  8|                    NSCOUNT                    |
 * 10|                    ARCOUNT                    |
 *   +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
 */
export const HEADER_OCTETS = 12

/** Masks over the sixteen flag bits at offset 2. */
export const FLAG = {
  QR: 0x8000,
  OPCODE: 0x7800,
  AA: 0x0400,
  TC: 0x0200,
  RD: 0x0100,
  RA: 0x0080,
  Z: 0x0040,
  AD: 0x0020,
  CD: 0x0010,
  RCODE: 0x000f,
} as const

/** The opcode in the flag bits (RFC 1035 §4.1.1). */
export const opcodeOf = (flags: number): number => (flags & FLAG.OPCODE) >> 11
