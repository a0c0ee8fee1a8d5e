// truth: unsafe: it compares the second lowest byte of an index, which is always 0, and writes behind its array
// expect: undecided
#include "corpus.h"
__attribute__((used)) volatile unsigned char chosen;
__attribute__((used)) char marks[4];
void mark(void);
__asm__(".text\n.type mark, @function\nmark:\n"
        "    movzbl chosen(%rip), %eax\n"
        "    cmpb $0, %ah\n"
        "    jne 1f\n"
        "    leaq marks(%rip), %rdx\n"
        "    movb $1, (%rdx,%rax)\n"
        "1:  ret\n.size mark, .-mark\n");
static void handler(int s) { (void)s; mark(); }
int main(int argc, char **argv) { chosen = argv[argc - 1][0]; INSTALL(SIGUSR1, handler); for (;;) pause(); }
