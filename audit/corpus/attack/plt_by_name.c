// truth: unsafe: puts under another name, by a reference that the linker renames
// flags: -Wl,--defsym=write_note=bad
#include "corpus.h"
void write_note(void);
__attribute__((used)) void bad(void) { puts("bad"); }
static void handler(int s) { (void)s; write_note(); }
MAIN(handler)
