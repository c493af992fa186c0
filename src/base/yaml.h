/* Lets cpod_json_parse read YAML.
 *
 * The reader is in the module "yaml", which is loaded when the first YAML document comes. A program
 * that does not call this (cpod-oci, which is static) reads JSON alone.
 */
#ifndef CPOD_BASE_YAML_H
#define CPOD_BASE_YAML_H

/* May be called any number of times; costs nothing until there is YAML to read. */
void cpod_yaml_enable (void);

#endif
