// truth: safe: a structure on the stack, zeroed and copied by AVX2 stores
// flags: -mavx2
#include "corpus.h"
struct record { long words[24]; };
static const struct record preset = {{1, 2, 3}};
static void handler(int s) { int saved = errno; struct record r = preset; r.words[5] = s; (void)!write(2, &r, sizeof r); errno = saved; }
MAIN(handler)
