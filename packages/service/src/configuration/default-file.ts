/** The configuration file that is read where none is named, if it is there: in the current folder. */
export const defaultConfigurationFile = "espalier.yaml";
