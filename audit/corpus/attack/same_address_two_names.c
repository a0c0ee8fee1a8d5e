// truth: unsafe: a local symbol of the list's name stands at the address of a function that prints
#include "corpus.h"
void loud(void);
__asm__(".text\n.type getpid,@function\ngetpid:\n.globl loud\n.type loud,@function\nloud: sub $8,%rsp\nlea text(%rip),%rdi\ncall puts@PLT\nadd $8,%rsp\nret\n.size loud,.-loud\n.size getpid,.-getpid\n.section .rodata\ntext: .asciz \"bad\"\n.text\n");
static void handler(int s) { (void)s; loud(); }
MAIN(handler)
