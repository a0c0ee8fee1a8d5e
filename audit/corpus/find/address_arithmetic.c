// truth: find: the address of the bad handler is computed from that of the good one
#include "corpus.h"
void good(int); void bad(int);
__asm__(".text\n.globl good\n.type good,@function\ngood: ret\n.size good,.-good\n.balign 16\n.globl bad\n.type bad,@function\n"
        "bad: sub $8,%rsp\nlea text(%rip),%rdi\ncall puts@PLT\nadd $8,%rsp\nret\n.size bad,.-bad\n.section .rodata\ntext: .asciz \"bad\"\n.text\n");
int main(void) { volatile long step = 16; signal(SIGTERM, (void (*)(int))((char *)good + step)); for (;;) pause(); }
