// truth: unsafe: the handler is the address in the middle of a function, behind the part that returns
#include "corpus.h"
void whole(int);
extern char inside[];
__attribute__((used)) void bad(void) { puts("bad"); }
__asm__(".text\n.globl whole\n.type whole,@function\nwhole:\nret\nnop\n.globl inside\ninside: sub $8,%rsp\ncall bad\nadd $8,%rsp\nret\n.size whole,.-whole\n");
int main(void) { INSTALL(SIGUSR1, (void (*)(int))(uintptr_t)inside); for (;;) pause(); }
