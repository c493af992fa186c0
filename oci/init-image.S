/* The image of pod init, embedded as data.
 *
 * oci/init/cpod-init is linked first, from freestanding objects of its own; the runtime carries its
 * bytes and starts it from a sealed memfd. The path is relative to the build root (-I.).
 */
	.section .rodata.cpod_init_image, "a"
	.balign 16
	.globl cpod_init_image
	.hidden cpod_init_image
cpod_init_image:
	.incbin "oci/init/cpod-init"
cpod_init_image_end:
	.byte 0
	.balign 8
	.globl cpod_init_image_size
	.hidden cpod_init_image_size
cpod_init_image_size:
	.quad cpod_init_image_end - cpod_init_image
	.section .note.GNU-stack, "", %progbits
